# Fails where FILE, the stripped inference library, is larger than MOST bytes.
file(SIZE ${FILE} size)
message("${size} of at most ${MOST} bytes")
if(size GREATER ${MOST})
  message(FATAL_ERROR "${FILE} has ${size} bytes, at most ${MOST} are allowed")
endif()
