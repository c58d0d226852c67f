// One case of an op, checked on the test device (op_checker.h says what of it), and the counts of all printed at the
// end. TUFF_TEST_STORAGE=f16 stores activations as f16; what ran by native kernels, what between casts and what was
// skipped is counted.
#pragma once

#include "support/op_case.h"

namespace tuff::test {

void check(const OpCase& op_case);

}  // namespace tuff::test
