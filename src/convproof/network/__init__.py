"""Networks: named layers wired into a directed acyclic graph, the one function that runs it, its trace and its summary."""
