"""What a lesson shows: pictures, cards, claims, sliders."""
