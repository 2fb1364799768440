"""Read what an RTOS says it did, and assert on it without regexes."""
