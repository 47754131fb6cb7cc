# The course. 'make' alone prints what you can do; 'make lab' is the one to start with.

# The Python that builds .venv: python3, or the newest other one found if python3 is older than 3.11.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python

# One thread, set before NumPy loads: the same digits on every machine, and no fight over the cores.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

.PHONY: help lab fresh check test processors replicate mutants mutation notebooks bench course round room
.DELETE_ON_ERROR:

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

lab: $(VENV)/installed  ## open your lessons in JupyterLab (the first time, this installs everything)
	@$(PY) -m course_utils.learner.lab $(ARGS)

fresh: $(VENV)/installed  ## set a lesson back to blank and keep your copy: make fresh LESSON=02
	@$(PY) -m course_utils.learner.workspace --fresh "$(LESSON)"

check: $(VENV)/installed  ## what grading will see of your notebook: make check NOTEBOOK=my_lessons/02_backprop.ipynb
	@$(PY) -m teaching.check "$(NOTEBOOK)"

test: $(VENV)/installed.test  ## run every notebook and every test
	@$(PY) -m tests

processors: $(VENV)/installed.test  ## run every solution under five arithmetics, and show where the outputs differ
	@$(PY) -m tests.processors $(ARGS)

replicate: $(VENV)/installed.test  ## run every experiment on 20 further seeds, and show which claims hold: make replicate ARGS="06 08"
	@$(PY) -m making.replicate $(ARGS)

mutants: $(VENV)/installed.test  ## change each exercise's own version by machine, and show which changes its check does not see: make mutants ARGS=04
	@$(PY) -m making.mutants $(ARGS)

mutation: $(VENV)/installed.mutate  ## change one line at a time, and show which changes no test sees: make mutation ARGS=engine
	@$(PY) -m tests.mutation $(ARGS)

notebooks: $(VENV)/installed.test  ## run the solutions that changed, and make the lessons from them
	@$(PY) -m making.authoring
	@$(PY) -m making.readme_pictures

bench: $(VENV)/installed.bench  ## compare speed with PyTorch, JAX and others, and queries with what practitioners pick
	@$(PY) -m benchmarks

course: $(VENV)/installed.teach  ## make the nbgrader course for a class, in my_course/ (ARGS="--to FOLDER 01 02")
	@$(PY) -m teaching.course $(ARGS)

round: $(VENV)/installed.teach  ## hand in, grade and give back forty-five difficult submissions, to see that grading is right
	@$(PY) -m teaching.round

room: $(VENV)/installed.teach  ## try a room of learners on this machine (JupyterHub)
	@$(PY) -m teaching.room $(ARGS)

# 'installed.test' means: the package with its extra 'test' is in .venv, and nothing asked for has changed since.
$(VENV)/installed $(VENV)/installed.test $(VENV)/installed.mutate $(VENV)/installed.bench $(VENV)/installed.teach: pyproject.toml constraints.txt | $(PY)
	@echo "Installing the course and what it needs into $(VENV) (the first time takes a few minutes)"
	@$(PY) -m pip install -qq --disable-pip-version-check -c constraints.txt \
		-e '.$(patsubst .%,[%],$(suffix $(notdir $@)))'
	@touch $(VENV)/installed $@

# A PYTHON that you name is taken as it is; the default one may be replaced by a newer one.
CANDIDATES = $(PYTHON) $(if $(filter file,$(origin PYTHON)),python3.14 python3.13 python3.12 python3.11)

$(PY):
	@for python in $(CANDIDATES); do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			"$$python" -c 'import ensurepip, venv' 2>/dev/null || { \
				echo "$$python has no venv module. On Debian or Ubuntu, install it with: apt install python3-venv" >&2; exit 1; }; \
			echo "Making $(VENV) with $$("$$python" --version)"; \
			exec "$$python" -m venv --clear $(VENV); \
		fi; \
	done; \
	echo "The course needs Python 3.11 or newer; tried $(strip $(CANDIDATES)). Name yours: make lab PYTHON=/path/to/python" >&2; exit 1
