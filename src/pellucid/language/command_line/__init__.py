"""What the command line says: help, the words of Typer that stand in it, and what commands print."""
