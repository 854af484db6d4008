"""Valid pictures in every format and hostile ones in every wrapping, made when asked for."""
