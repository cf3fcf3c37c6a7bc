"""Tells schemathesis, which knows text/plain alone, the other media types of bodies that are text (see fuzz.ts)."""

import os

import schemathesis

schemathesis.serializer.alias(os.environ["TEXT_TYPES"].split(), "text/plain")
