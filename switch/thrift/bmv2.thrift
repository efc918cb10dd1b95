// The calls of BMv2's Thrift services that this switch answers, written from their signatures.
// BMv2 multiplexes its services on one port by the names "standard" and "simple_switch".

struct BmCounterValue {
  1: i64 bytes
  2: i64 packets
}

enum CounterOperationErrorCode {
  INVALID_COUNTER_NAME = 1
  INVALID_INDEX = 2
  ERROR = 3
}

exception InvalidCounterOperation {
  1: CounterOperationErrorCode code
}

enum RegisterOperationErrorCode {
  INVALID_REGISTER_NAME = 1
  INVALID_INDEX = 2
  ERROR = 3
}

exception InvalidRegisterOperation {
  1: RegisterOperationErrorCode code
}

enum DevMgrErrorCode {
  ERROR = 1
}

exception InvalidDevMgrOperation {
  1: DevMgrErrorCode code
}

struct DevMgrPortInfo {
  1: i32 port_num
  2: string iface_name
  3: bool is_up
  4: map<string, string> extra
}

struct BmConfig {
  1: i64 device_id
  2: i32 thrift_port
  3: optional string notifications_socket
  4: optional string elogger_socket
  5: optional string debugger_socket
}

service Standard {
  i64 bm_register_read(1: i32 cxt_id, 2: string register_array_name, 3: i32 idx)
    throws (1: InvalidRegisterOperation ouch)
  list<i64> bm_register_read_all(1: i32 cxt_id, 2: string register_array_name)
    throws (1: InvalidRegisterOperation ouch)
  void bm_register_write(
    1: i32 cxt_id, 2: string register_array_name, 3: i32 index, 4: i64 value
  ) throws (1: InvalidRegisterOperation ouch)
  void bm_register_write_range(
    1: i32 cxt_id, 2: string register_array_name, 3: i32 start_index, 4: i32 end_index, 5: i64 value
  ) throws (1: InvalidRegisterOperation ouch)
  void bm_register_reset(1: i32 cxt_id, 2: string register_array_name)
    throws (1: InvalidRegisterOperation ouch)

  BmCounterValue bm_counter_read(1: i32 cxt_id, 2: string counter_name, 3: i32 index)
    throws (1: InvalidCounterOperation ouch)
  void bm_counter_reset_all(1: i32 cxt_id, 2: string counter_name)
    throws (1: InvalidCounterOperation ouch)
  void bm_counter_write(
    1: i32 cxt_id, 2: string counter_name, 3: i32 index, 4: BmCounterValue value
  ) throws (1: InvalidCounterOperation ouch)

  list<DevMgrPortInfo> bm_dev_mgr_show_ports() throws (1: InvalidDevMgrOperation ouch)
  BmConfig bm_mgmt_get_info()
  string bm_get_config()
  binary bm_get_config_md5()
}

service SimpleSwitch {
  i32 set_egress_priority_queue_depth(1: i32 port_num, 2: i32 priority, 3: i32 depth_pkts)
  i32 set_egress_queue_depth(1: i32 port_num, 2: i32 depth_pkts)
  i32 set_all_egress_queue_depths(1: i32 depth_pkts)
  i32 set_egress_priority_queue_rate(1: i32 port_num, 2: i32 priority, 3: i64 rate_pps)
  i32 set_egress_queue_rate(1: i32 port_num, 2: i64 rate_pps)
  i32 set_all_egress_queue_rates(1: i64 rate_pps)

  i64 get_time_elapsed_us()
  i64 get_time_since_epoch_us()
}
