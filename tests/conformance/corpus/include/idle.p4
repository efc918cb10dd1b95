// Controls that do nothing. Include this after `struct headers` and `struct metadata`.

control NoVerify(inout headers hdr, inout metadata meta) {
    apply { }
}

control NoUpdate(inout headers hdr, inout metadata meta) {
    apply { }
}

control NoEgress(CONTROL_PARAMETERS) {
    apply { }
}
