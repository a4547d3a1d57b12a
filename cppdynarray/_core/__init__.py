"""The compiled modules: memory, growth, conversion, dispatch and the class. Private."""
