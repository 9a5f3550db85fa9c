"""Tests of the run witness."""
