"""Conformance: STF tests on the embedded switch and on BMv2, our own corpus and p4c's."""
