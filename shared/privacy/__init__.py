"""Personal data: sealed at rest, masked wherever it is shown or logged."""
