# Writes HEADER with the commit that SOURCE is at, "unknown" outside a repository, with a "+" where files differ from it.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty=+ --exclude=* OUTPUT_VARIABLE commit
  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(commit unknown)
endif()
set(text "// Made by apps/commit.cmake.\n#pragma once\n\nnamespace tuff {\n\ninline constexpr const char* kCommit = \"${commit}\";\n\n}  // namespace tuff\n")
if(EXISTS ${HEADER})
  file(READ ${HEADER} before)
endif()
if(NOT "${before}" STREQUAL "${text}")
  file(WRITE ${HEADER} "${text}")
endif()
