#!/bin/sh
# Does the plugin keep the rules?  fettle plugin check says.
# SPDX-License-Identifier: @license@
exec "${FETTLE:-fettle}" plugin check .libs/@name@.so
