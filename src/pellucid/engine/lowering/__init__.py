"""What the steps of a plan become: each op's file writes its loops, forward and backward."""
