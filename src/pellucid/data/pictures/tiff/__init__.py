"""TIFF files: tags, then colours and the layout of numbers, then the numbers."""
