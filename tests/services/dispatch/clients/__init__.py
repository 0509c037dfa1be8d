"""The calls of dispatch, against the services that answer them."""
