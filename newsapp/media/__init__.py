"""Pictures: how they come in, and the library in which editors find, describe and replace them."""
