"""The sandbox is true to the wires it plays, keeps its books, and fails when told to."""
