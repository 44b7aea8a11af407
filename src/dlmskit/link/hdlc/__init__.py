"""The HDLC based profile (IEC 62056-46): addresses, control field, frames, LLC, deframing and reassembly."""
