"""Settings of nbgrader for the course in this folder; `make assignments` takes a copy."""

c = get_config()  # noqa: F821 (nbgrader gives this name)
c.CourseDirectory.course_id = "vpp"
# what stands in the students' version where a solution was
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError()"}
# a cell of study A or B solves for seconds
c.ExecutePreprocessor.timeout = 300
