"""The engine: a callable and a batch shape become a graph, a plan and a program."""
