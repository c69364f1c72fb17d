"""What is known of flytepropeller, once: names, places, kinds of nodes, phases, wording, pace.

Whoever plays, words, draws or reads what an engine does looks it up here. Taken from recorded runs
of flytepropeller 1.16.8. It knows no messages, and of time only how long things take.
"""
