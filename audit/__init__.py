"""`make audit`: what tools that others wrote say of the local environment, held against what this project aims at."""
