"""How fast it is: training steps, inference and single layers, measured beside other engines (`pellucid bench`)."""
