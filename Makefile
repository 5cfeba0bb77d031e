# luaconc. `make help` lists what there is to make.
#
# Everything made lies in $(BUILD), one folder of objects per variant:
#   $(BUILD)/luaconc/core.so         the module
#   $(BUILD)/test/luaconc/core.so    the same, for specs: assertions, faults
#   $(BUILD)/asan/luaconc/core.so    the test build under the sanitizers

BUILD  ?= build
PREFIX ?= /usr/local
DESTDIR ?=
CFLAGS ?= -O2
WERROR ?=
SPEC   ?=
SHUFFLE ?= no

SCENARIOS ?= examples/scenarios/primes.lua \
             examples/scenarios/requests.lua \
             examples/scenarios/fetch.lua

.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

# ---- set-up: what is missing is installed before anything is made ----

GOALS   := $(or $(MAKECMDGOALS),build)
PASSIVE := help clean uninstall
STAGES  := build \
  $(if $(filter test,$(GOALS)),test) \
  $(if $(filter lint,$(GOALS)),lint) \
  $(if $(filter sanitize $(BUILD)/asan/%,$(GOALS)),sanitize)

ifneq ($(filter-out $(PASSIVE),$(GOALS)),)
  ifneq ($(findstring n,$(firstword -$(MAKEFLAGS))),)
    export LUACONC_INSTALL := no
  endif
  include $(BUILD)/config.mk
$(BUILD)/config.mk: FORCE
	@BUILD='$(BUILD)' CC='$(CC)' LUA='$(if \
	  $(filter command% environment%,$(origin LUA)),$(LUA))' \
	  sh ./deps.sh $(STAGES)
endif

FORCE:

# ---- the module, in three variants ----

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
        -Wstrict-prototypes -Wmissing-prototypes $(WERROR)
BASE  = -std=gnu11 $(WARN) -fPIC -fvisibility=hidden -pthread \
        $(LUA_CFLAGS) $(UV_CFLAGS) -MMD -MP

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined \
            -fno-omit-frame-pointer

FLAGS_plain = $(BASE) $(CPPFLAGS) $(CFLAGS)
FLAGS_test  = $(BASE) $(CPPFLAGS) -O1 -g -DLUACONC_TESTING
FLAGS_asan  = $(FLAGS_test) $(SANITIZE)
LINK_plain  = $(LDFLAGS)
LINK_test   = $(LDFLAGS)
LINK_asan   = $(LDFLAGS) $(SANITIZE) -Wl,-z,nodelete

ALL_SRC   := $(sort $(wildcard src/*.c))
SRC_plain := $(filter-out src/testing.c,$(ALL_SRC))
SRC_test  := $(ALL_SRC)
SRC_asan  := $(ALL_SRC)

SO_plain := $(BUILD)/luaconc/core.so
SO_test  := $(BUILD)/test/luaconc/core.so
SO_asan  := $(BUILD)/asan/luaconc/core.so

# A change of flags, or of the list of sources, makes things anew.
define variant
OBJ_$(1) := $$(SRC_$(1):src/%.c=$(BUILD)/obj/$(1)/%.o)

$$(SO_$(1)): $$(OBJ_$(1)) $(BUILD)/obj/$(1)/list
	@mkdir -p $$(@D)
	$$(CC) -shared -pthread -o $$@ $$(OBJ_$(1)) $$(LINK_$(1)) $$(UV_LIBS)

$$(OBJ_$(1)): $(BUILD)/obj/$(1)/%.o: src/%.c $(BUILD)/obj/$(1)/flags
	$$(CC) $$(FLAGS_$(1)) -c -o $$@ $$<

$(BUILD)/obj/$(1)/flags: FORCE
	@mkdir -p $$(@D)
	@echo '$$(CC) $$(FLAGS_$(1))' | cmp -s - $$@ || \
	  echo '$$(CC) $$(FLAGS_$(1))' > $$@

$(BUILD)/obj/$(1)/list: FORCE
	@mkdir -p $$(@D)
	@echo '$$(LINK_$(1)) $$(UV_LIBS) $$(SRC_$(1))' | cmp -s - $$@ || \
	  echo '$$(LINK_$(1)) $$(UV_LIBS) $$(SRC_$(1))' > $$@

-include $$(wildcard $(BUILD)/obj/$(1)/*.d)
endef
$(foreach v,plain test asan,$(eval $(call variant,$(v))))

# The tree's modules and no others: what the environment says about Lua is
# put aside, and the paths are absolute, as specs change folders.
TREE  := $(CURDIR)
ABS    = $(abspath $(BUILD))
CLEAN := env -u LUA_INIT -u LUA_INIT_5_4 -u LUA_PATH_5_4 -u LUA_CPATH_5_4
RUN_plain = $(CLEAN) LUA_PATH='$(TREE)/lua/?.lua;$(TREE)/lua/?/init.lua;;' \
            LUA_CPATH='$(ABS)/?.so;;'
RUN_test  = $(CLEAN) LUA_CPATH='$(ABS)/test/?.so;;' LUA_PATH='$(SPEC_PATH)'
SPEC_PATH = $(TREE)/lua/?.lua;$(TREE)/lua/?/init.lua;$(TREE)/?.lua;;

build: $(SO_plain) ## build the module (the default)

compare: $(SO_plain) ## run one job on every engine and print the comparison
	@$(RUN_plain) $(LUA) bin/luaconc compare $(SCENARIOS)

test: $(SO_plain) $(SO_test) ## run the specs (SPEC=FILE: one; SHUFFLE=yes)
	@$(RUN_test) SHUFFLE='$(SHUFFLE)' BUILD='$(BUILD)' \
	  $(LUA) spec/support/run.lua $(SPEC)

help: ## list what there is to make
	@echo 'make [TARGET] [CC=cc] [CFLAGS=-O2] [LUA=lua5.4] [BUILD=build]'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1|\2/p' Makefile | \
	  awk -F'|' '{ printf "%-11s %s\n", $$1, $$2 }'

clean: ## remove what was made
	rm -rf $(BUILD)

.PHONY: build compare test help clean FORCE
