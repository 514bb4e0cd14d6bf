"""Traces and recordings for people to look at.

picture    which cells of which planes an explanation read, as data
figures    how single numbers, shades and a trace's rows are written, for terminal and HTML alike
terminal   a trace in Rich's terms
webpage    a trace as HTML              listing    a recording as HTML              summary    an overview as HTML
"""
