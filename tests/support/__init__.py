"""What tests stand on: real servers, builders, and a service without its process."""
