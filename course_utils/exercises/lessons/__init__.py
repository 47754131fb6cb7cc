"""The exercises of each lesson, from top to bottom: what is asked, the right versions, the wrong ones and what to say."""
