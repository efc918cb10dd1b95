// The few calls of simple_switch's Thrift interface that the ME uses, with the numbers and types that the switch has for
// them. Three services share one port (multiplexed binary protocol): "standard", "simple_pre_lag" and "simple_switch".
// `cxt_id` is always 0. Names of registers are the fully qualified ones of the BMv2 JSON.

enum BmResourceType {
  MATCH_TABLE = 0
}

enum IdLookupErrorCode {
  INVALID_RESOURCE_TYPE = 0,
  INVALID_RESOURCE_NAME = 1
}

exception InvalidIdLookup {
  1: IdLookupErrorCode code
}

enum RegisterOperationErrorCode {
  INVALID_REGISTER_NAME = 1,
  INVALID_INDEX = 2,
  ERROR = 3
}

exception InvalidRegisterOperation {
  1: RegisterOperationErrorCode code
}

service Standard {
  // Ids are those in the JSON that was loaded last, committed or not.
  i32 bm_get_id_from_name(1: i32 cxt_id, 2: BmResourceType resource_type, 3: string resource_name)
    throws (1: InvalidIdLookup ouch),

  // A value of 2^63 or more comes back as 2^63-1.
  i64 bm_register_read(1: i32 cxt_id, 2: string register_array_name, 3: i32 idx)
    throws (1: InvalidRegisterOperation ouch),

  list<i64> bm_register_read_all(1: i32 cxt_id, 2: string register_array_name)
    throws (1: InvalidRegisterOperation ouch),

  void bm_register_write(1: i32 cxt_id, 2: string register_array_name, 3: i32 index, 4: i64 value)
    throws (1: InvalidRegisterOperation ouch),

  // Cells start_index to end_index - 1.
  void bm_register_write_range(1: i32 cxt_id, 2: string register_array_name, 3: i32 start_index, 4: i32 end_index,
                               5: i64 value)
    throws (1: InvalidRegisterOperation ouch),

  // Of the JSON that was loaded last, committed or not.
  binary bm_get_config_md5(),
}

enum McOperationErrorCode {
  TABLE_FULL = 1,
  INVALID_MGID = 2,
  INVALID_MGRP_HANDLE = 3,
  INVALID_L1_HANDLE = 4,
  ERROR = 5
}

exception InvalidMcOperation {
  1: McOperationErrorCode code
}

// A group has nodes; a node has one replication id and a set of ports, written as 0s and 1s with port 0 rightmost.
service SimplePreLAG {
  i32 bm_mc_mgrp_create(1: i32 cxt_id, 2: i32 mgrp) throws (1: InvalidMcOperation ouch),

  void bm_mc_mgrp_destroy(1: i32 cxt_id, 2: i32 mgrp_handle) throws (1: InvalidMcOperation ouch),

  i32 bm_mc_node_create(1: i32 cxt_id, 2: i32 rid, 3: string port_map, 4: string lag_map)
    throws (1: InvalidMcOperation ouch),

  void bm_mc_node_associate(1: i32 cxt_id, 2: i32 mgrp_handle, 3: i32 l1_handle) throws (1: InvalidMcOperation ouch),

  void bm_mc_node_destroy(1: i32 cxt_id, 2: i32 l1_handle) throws (1: InvalidMcOperation ouch),

  void bm_mc_node_update(1: i32 cxt_id, 2: i32 l1_handle, 3: string port_map, 4: string lag_map)
    throws (1: InvalidMcOperation ouch),

  // JSON: {"mgrps": [{"id", "l1_handles"}], "l1_handles": [{"handle", "rid", "l2_handle"}],
  //        "l2_handles": [{"handle", "ports", "lags"}]}
  string bm_mc_get_entries(1: i32 cxt_id) throws (1: InvalidMcOperation ouch),
}

struct MirroringSessionConfig {
  1: optional i32 port;
  2: optional i32 mgid;
}

enum MirroringOperationErrorCode {
  SESSION_NOT_FOUND = 1,
}

exception InvalidMirroringOperation {
  1: MirroringOperationErrorCode code;
}

service SimpleSwitch {
  void mirroring_session_add(1: i32 mirror_id, 2: MirroringSessionConfig config)
    throws (1: InvalidMirroringOperation ouch),

  void mirroring_session_delete(1: i32 mirror_id) throws (1: InvalidMirroringOperation ouch),

  MirroringSessionConfig mirroring_session_get(1: i32 mirror_id) throws (1: InvalidMirroringOperation ouch),

  i32 set_all_egress_queue_depths(1: i32 depth_pkts),

  // Of the clock that stamps packets at ingress.
  i64 get_time_elapsed_us(),
}
