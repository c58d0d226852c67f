# What ctest runs. Each test file is one ctest entry: "unit/graph/shape_test" once, "lvp25/ops/conv_test" once per
# driver configuration. A driver that isn't there is a skip, which ctest lists by name.
# Labels: unit or device, the configuration's name, and commit (scripts/test) or full (scripts/test --full).
set(on_driver ${CMAKE_CURRENT_SOURCE_DIR}/support/on_driver)
set(validated ${CMAKE_CURRENT_SOURCE_DIR}/validation/validated)

foreach(file ${unit_tests})
  string(REGEX REPLACE "\\.cpp$" "" name ${file})
  add_test(NAME unit/${name} COMMAND tuff_unit_tests --source-file=*/tests/${file})
  set_tests_properties(unit/${name} PROPERTIES LABELS "unit;commit;full" TIMEOUT 600)
endforeach()

add_test(NAME unit/library_size COMMAND ${CMAKE_COMMAND} -DFILE=$<TARGET_FILE:tuff_infer_library> -DMOST=5000000
  -P ${CMAKE_CURRENT_SOURCE_DIR}/library_size.cmake)
set_tests_properties(unit/library_size PROPERTIES LABELS "unit;commit;full")

# Whole models, and ops of which drivers compile many programs of elementwise functions.
set(long_tests apps/autoencoder_test apps/bench_test apps/classifier_test apps/convert_test apps/run_test apps/kill_test apps/latent_test apps/networks_test apps/receptive_field_test apps/refusals_test apps/search_test apps/split_test apps/vae_test onnx/conformance_test onnx/export_test
  onnx/pretrained_test models/networks_parity_test models/networks_test runtime/setup_test tasks/classification_test tasks/dense_tasks_test train/autoencoder_test train/vae_parity_test train/trainer_test train/tuning_test train/precision_test train/predict_test train/parity_test ops/activation_test ops/bce_with_logits_test
  ops/cross_entropy_test ops/dice_loss_test ops/elementary_test ops/elementwise_loss_test ops/focal_loss_test
  ops/pointwise_test ops/softmax_test ops/ssim_test ops/statistics_test)

# device_configuration(NAME DRIVER LABELS VALIDATION [VARIABLE=VALUE...]): all device tests on one driver in one
# environment. VALIDATION: none, or a mode of validation/validated.
function(device_configuration configuration driver labels validation)
  set(command ${on_driver} "${TUFF_DRIVERS}" ${driver} $<TARGET_FILE:tuff_device_tests>)
  if(NOT validation STREQUAL none)
    list(PREPEND command ${validated} ${validation})
  endif()
  foreach(file ${device_tests})
    string(REGEX REPLACE "\\.cpp$" "" name ${file})
    set(test ${configuration}/${name})
    add_test(NAME ${test} COMMAND ${command} --source-file=*/tests/${file})
    # Long ones stay with the best driver in every commit; the others have them in --full.
    set(own_labels ${labels})
    set(own_environment ${ARGN})
    if(name STREQUAL golden/op_golden_test AND NOT configuration MATCHES "^(system|lvp25)$")
      list(APPEND own_environment TUFF_GOLDEN_EVERY=10)
    endif()
    if(NOT configuration MATCHES "^(system|lvp26)$")
      list(APPEND own_environment TUFF_SETTINGS_EVERY=20)
    endif()
    # Kernels that take loads shared by all lanes for granted, or load by them (shaders/common/lanes.glsl).
    if(configuration STREQUAL lvp26 AND name MATCHES "^(ops/(conv.*|normalize|pool|pointwise|adam)|runtime/(executable|read_through))_test$")
      list(APPEND own_labels commit)
    endif()
    if(name IN_LIST long_tests AND NOT configuration MATCHES "^(system|lvp25)$")
      set(own_labels full)
    endif()
    set_tests_properties(${test} PROPERTIES LABELS "device;${configuration};${own_labels}" SKIP_RETURN_CODE 77 TIMEOUT 1800
      ENVIRONMENT "TUFF_CACHE=${CMAKE_BINARY_DIR}/cache/${configuration};${own_environment}")
  endforeach()
  add_test(NAME ${configuration}/readme_program COMMAND ${on_driver} "${TUFF_DRIVERS}" ${driver} $<TARGET_FILE:tuff_readme_program>)
  set_tests_properties(${configuration}/readme_program PROPERTIES LABELS "device;${configuration};${labels}"
    SKIP_RETURN_CODE 77 TIMEOUT 600 ENVIRONMENT "${ARGN}" PASS_REGULAR_EXPRESSION "logit of the first pixel: -")
endfunction()

# Every op's cases and PyTorch's with activations stored as f16 (tests/support/op_check.h), on a driver that has 16-bit
# storage. VALIDATION: none, or a mode of validation/validated.
function(half_configuration configuration driver validation in_every_commit)
  set(command ${on_driver} "${TUFF_DRIVERS}" ${driver} $<TARGET_FILE:tuff_device_tests>)
  if(NOT validation STREQUAL none)
    list(PREPEND command ${validated} ${validation})
  endif()
  foreach(file ${device_tests})
    if(NOT file MATCHES "^(ops|golden)/(.*)_test\\.cpp$")
      continue()
    endif()
    set(labels full)
    if(CMAKE_MATCH_2 IN_LIST in_every_commit)
      list(APPEND labels commit)
    endif()
    set(own_environment "")
    if(NOT configuration STREQUAL f16_lvp26)  # the one that has cooperative matrices
      set(own_environment TUFF_SETTINGS_EVERY=20)
    endif()
    set(test ${configuration}/${CMAKE_MATCH_1}/${CMAKE_MATCH_2}_test)
    add_test(NAME ${test} COMMAND ${command} --source-file=*/tests/${file})
    set_tests_properties(${test} PROPERTIES LABELS "device;${configuration};${labels}" SKIP_RETURN_CODE 77 TIMEOUT 1800
      ENVIRONMENT "TUFF_CACHE=${CMAKE_BINARY_DIR}/cache/${configuration};TUFF_TEST_STORAGE=f16;${own_environment}")
  endforeach()
endfunction()

# violation(NAME TEST_CASE ID): a fault made on purpose is caught with a message of that id, on the driver `validated`.
function(violation name test_case id)
  add_test(NAME validated/${name} COMMAND ${validated} --expect ${id} all ${on_driver} "${TUFF_DRIVERS}" ${validated_driver}
    $<TARGET_FILE:tuff_device_tests> --no-skip --test-case=${test_case})
  set_tests_properties(validated/${name} PROPERTIES LABELS "device;validated;full" SKIP_RETURN_CODE 77 TIMEOUT 600)
endfunction()

# The smallest device that is served. The validation layers sit above and see these limits: a kernel that exceeds
# one, or declares a capability that is hidden, is an error.
set(weak_device "maxComputeSharedMemorySize=16384 maxComputeWorkGroupInvocations=128 maxComputeWorkGroupSize=128 \
maxComputeWorkGroupCount=65535 maxPushConstantsSize=128 -shaderFloat16 -shaderInt64 -shaderInt16 -shaderFloat64 \
-storageBuffer16BitAccess -uniformAndStorageBuffer16BitAccess -timestamps -subgroupSizeControl subgroupSize=0")

# This machine's own driver: where there is a GPU, or nothing else.
file(GLOB gpus /dev/dri/renderD* /dev/nvidia0)
if(gpus OR NOT TUFF_DRIVERS)
  device_configuration(system system "commit;full" none)
endif()

if(TUFF_DRIVERS)
  device_configuration(lvp25 lvp25 "commit;full" none)
  device_configuration(swiftshader swiftshader "commit;full" none)
  device_configuration(subgroup32 lvp25 "commit;full" none LP_NATIVE_VECTOR_WIDTH=1024)
  device_configuration(subgroup4 lvp25 "full" none LP_NATIVE_VECTOR_WIDTH=128)
  half_configuration(f16 lvp25 none "activation;conv_weight_gradient;matmul;normalize;pool;reduce;slice")
  half_configuration(f16_lvp22 lvp22 none "")
  half_configuration(f16_lvp26 lvp26 none "")
  half_configuration(f16_validated lvp25 all "")
  device_configuration(lvp22 lvp22 "full" none)
  device_configuration(lvp26 lvp26 "full" none)
  set(validated_driver lvp25)
else()
  set(validated_driver system)
endif()
device_configuration(weak ${validated_driver} "full" core VK_ADD_LAYER_PATH=${CMAKE_BINARY_DIR}/tests/layer
  VK_INSTANCE_LAYERS=VK_LAYER_TUFF_test "TUFF_TEST_LAYER=${weak_device}")
device_configuration(validated ${validated_driver} "full" all)
violation(hazard "violation: two writes*" SYNC-HAZARD-WRITE-AFTER-WRITE)
violation(bad_address "violation: a read*" "address out of bounds")
