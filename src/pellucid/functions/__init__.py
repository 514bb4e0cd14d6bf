"""The functions of the house: the same bits on every processor, from operations that all of them do alike."""
