"""How good a world is: following, likeness, sharpness and speed on starts that no training has seen."""
