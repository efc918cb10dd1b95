// What BMv2's P4Runtime lacks and its Thrift server has, with the numbers that it has for it. `cxt_id` is always 0.

enum RegisterOperationErrorCode {
  INVALID_REGISTER_NAME = 1,
  INVALID_INDEX = 2,
  ERROR = 3
}

exception InvalidRegisterOperation {
  1: RegisterOperationErrorCode code
}

enum ParseVSetOperationErrorCode {
  INVALID_PARSE_VSET_NAME = 1,
  ERROR = 2
}

exception InvalidParseVSetOperation {
  1: ParseVSetOperationErrorCode code
}

service Standard {
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

  void bm_parse_vset_add(1: i32 cxt_id, 2: string parse_vset_name, 3: binary value)
    throws (1: InvalidParseVSetOperation ouch),

  void bm_parse_vset_clear(1: i32 cxt_id, 2: string parse_vset_name) throws (1: InvalidParseVSetOperation ouch),
}
