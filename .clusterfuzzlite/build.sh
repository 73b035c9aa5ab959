#!/bin/bash -eu
# SPDX-License-Identifier: BSD-2-Clause
exec "$SRC/reblock/fuzz/oss-fuzz/build.sh"
