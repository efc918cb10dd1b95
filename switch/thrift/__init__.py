"""The Thrift calls of BMv2 that its users rely on."""
