# What ctest runs. Each test file is one ctest entry: "unit/graph/shape_test" once, "lvp25/ops/conv_test" once per
# driver configuration. A driver that isn't there is a skip, which ctest lists by name.
# Labels: unit or device, the configuration's name, and commit (scripts/test) or full (scripts/test --full).
set(on_driver ${CMAKE_CURRENT_SOURCE_DIR}/support/on_driver)

foreach(file ${unit_tests})
  string(REGEX REPLACE "\\.cpp$" "" name ${file})
  add_test(NAME unit/${name} COMMAND tuff_unit_tests --source-file=*/tests/${file})
  set_tests_properties(unit/${name} PROPERTIES LABELS "unit;commit;full" TIMEOUT 600)
endforeach()

# device_configuration(NAME DRIVER LABELS [VARIABLE=VALUE...]): all device tests on one driver in one environment.
function(device_configuration configuration driver labels)
  foreach(file ${device_tests})
    string(REGEX REPLACE "\\.cpp$" "" name ${file})
    set(test ${configuration}/${name})
    add_test(NAME ${test} COMMAND ${on_driver} "${TUFF_DRIVERS}" ${driver}
      $<TARGET_FILE:tuff_device_tests> --source-file=*/tests/${file})
    set_tests_properties(${test} PROPERTIES LABELS "device;${configuration};${labels}" SKIP_RETURN_CODE 77 TIMEOUT 1800
      ENVIRONMENT "TUFF_CACHE=${CMAKE_BINARY_DIR}/cache/${configuration};${ARGN}")
  endforeach()
endfunction()

# This machine's own driver: where there is a GPU, or nothing else.
file(GLOB gpus /dev/dri/renderD* /dev/nvidia0)
if(gpus OR TUFF_DRIVERS STREQUAL "")
  device_configuration(system system "commit;full")
endif()

if(TUFF_DRIVERS)
  device_configuration(lvp25 lvp25 "commit;full")
  device_configuration(swiftshader swiftshader "commit;full")
  device_configuration(subgroup32 lvp25 "commit;full" LP_NATIVE_VECTOR_WIDTH=1024)
  device_configuration(subgroup4 lvp25 "full" LP_NATIVE_VECTOR_WIDTH=128)
  device_configuration(lvp22 lvp22 "full")
  device_configuration(lvp26 lvp26 "full")
endif()
