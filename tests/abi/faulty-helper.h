/* faulty-helper.h - a global function that a plugin shouldn't have.  SPDX-License-Identifier: Apache-2.0 */
void faulty_helper (void);
void faulty_helper (void) {}
