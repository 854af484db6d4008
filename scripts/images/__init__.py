"""Builds the images with buildah, without a registry, and tries them (`make images-check`)."""
