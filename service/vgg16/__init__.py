"""VGG16 (Simonyan and Zisserman, 2014): its weights, its filters, and what they see."""
