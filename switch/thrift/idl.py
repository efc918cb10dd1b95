"""The loaded IDL: types and services of `bmv2.thrift`."""

from __future__ import annotations

from pathlib import Path

import thriftpy2

IDL = thriftpy2.load(str(Path(__file__).with_name("bmv2.thrift")), module_name="bmv2_thrift")
