"""Answer what is asked outside a test run: does it work here, how do I begin, what does it do."""
