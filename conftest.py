"""Switch on pytester for the tests of the plugin itself; users need nothing of this file."""

pytest_plugins = ["pytester"]
