"""Give firmware the test loop that Python code has: build, boot, listen, judge."""
