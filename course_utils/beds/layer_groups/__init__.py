"""What lesson 06 fine-tunes: handwriting after print, one change of the images at a time, and its pictures."""
