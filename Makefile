# luaconc. `make help` lists what there is to make.
#
# Everything made lies in $(BUILD), one folder of objects per variant:
#   $(BUILD)/luaconc/core.so         the module
#   $(BUILD)/test/luaconc/core.so    the same, for specs: assertions, faults
#   $(BUILD)/asan/luaconc/core.so    the test build under the sanitizers
#   $(BUILD)/tsan/luaconc/core.so    the test build under ThreadSanitizer

BUILD  ?= build
PREFIX ?= /usr/local
DESTDIR ?=
CFLAGS ?= -O2
WERROR ?=
SPEC   ?=
SHUFFLE ?= no
V      ?= 0

SCENARIOS ?= examples/scenarios/primes.lua \
             examples/scenarios/requests.lua \
             examples/scenarios/fetch.lua

.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += -r

# ---- set-up: what is missing is installed before anything is made ----

GOALS   := $(or $(MAKECMDGOALS),build)
PASSIVE := help clean uninstall
STAGES  := build \
  $(if $(filter test,$(GOALS)),test) \
  $(if $(filter lint,$(GOALS)),lint) \
  $(if $(filter sanitize,$(GOALS)),sanitize) \
  $(if $(filter tsan,$(GOALS)),tsan)

ifneq ($(filter-out $(PASSIVE),$(GOALS)),)
  ifneq ($(findstring n,$(firstword -$(MAKEFLAGS))),)
    export LUACONC_INSTALL := no
  endif
  # (Empty at first: what deps.sh says is not followed by make's surprise.)
  $(shell mkdir -p '$(BUILD)' && test -e '$(BUILD)/config.mk' || \
    : >'$(BUILD)/config.mk')
  include $(BUILD)/config.mk
$(BUILD)/config.mk: FORCE
	@BUILD='$(BUILD)' CC='$(CC)' LUA='$(if \
	  $(filter command% environment%,$(origin LUA)),$(LUA))' \
	  sh ./deps.sh $(STAGES)
endif

FORCE:

# One line for each file made; V=1 shows the commands.
ifneq ($(filter 1,$(V))$(findstring s,$(firstword -$(MAKEFLAGS))),)
  say =
else
  say = @echo '  $(1)';
endif

# ---- the module, in four variants ----

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
        -Wstrict-prototypes -Wmissing-prototypes $(WERROR)
BASE  = -std=gnu11 -Isrc $(WARN) -fPIC -fno-plt -fvisibility=hidden -pthread \
        $(LUA_CFLAGS) $(UV_CFLAGS) -MMD -MP

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined \
            -fno-omit-frame-pointer
# (gcc 12's takes a wrong address for thread-local variables of a module that
# was loaded late, unless they lie beside its own.)
TSANITIZE := -fsanitize=thread -fno-omit-frame-pointer \
             -ftls-model=initial-exec

FLAGS_plain = $(BASE) $(CPPFLAGS) $(CFLAGS)
FLAGS_test  = $(BASE) $(CPPFLAGS) -O1 -g -DLUACONC_TESTING
FLAGS_asan  = $(FLAGS_test) $(SANITIZE)
FLAGS_tsan  = $(FLAGS_test) $(TSANITIZE)
LINK_plain  = $(LDFLAGS)
LINK_test   = $(LDFLAGS) -Wl,-z,nodelete
LINK_asan   = $(LDFLAGS) $(SANITIZE) -Wl,-z,nodelete
LINK_tsan   = $(LDFLAGS) $(TSANITIZE) -Wl,-z,nodelete

ALL_SRC   := $(sort $(wildcard src/*.c src/*/*.c))
SRC_core  := $(filter-out src/host/preload.c,$(ALL_SRC))
SRC_plain := $(filter-out src/host/test%.c,$(SRC_core))
SRC_test  := $(SRC_core)
SRC_asan  := $(SRC_core)
SRC_tsan  := $(SRC_core)

SO_plain := $(BUILD)/luaconc/core.so
SO_test  := $(BUILD)/test/luaconc/core.so
SO_asan  := $(BUILD)/asan/luaconc/core.so
SO_tsan  := $(BUILD)/tsan/luaconc/core.so

# The interpreters that the sanitizers need: see spec/support/host.c.
HOST_asan := $(BUILD)/asan/bin/lua5.4
HOST_tsan := $(BUILD)/tsan/bin/lua5.4

# A change of flags, or of the list of sources, makes things anew.
define variant
OBJ_$(1) := $$(SRC_$(1):src/%.c=$(BUILD)/obj/$(1)/%.o)

$$(SO_$(1)): $$(OBJ_$(1)) $(BUILD)/obj/$(1)/list
	@mkdir -p $$(@D)
	$$(call say,LINK $$@)$$(CC) -shared -pthread -o $$@ $$(OBJ_$(1)) $$(LINK_$(1)) $$(UV_LIBS)

$$(OBJ_$(1)): $(BUILD)/obj/$(1)/%.o: src/%.c $(BUILD)/obj/$(1)/flags
	@mkdir -p $$(@D)
	$$(call say,CC   $$@)$$(CC) $$(FLAGS_$(1)) -c -o $$@ $$<

$(BUILD)/obj/$(1)/flags: FORCE
	@mkdir -p $$(@D)
	@echo '$$(CC) $$(FLAGS_$(1))' | cmp -s - $$@ || \
	  echo '$$(CC) $$(FLAGS_$(1))' > $$@

$(BUILD)/obj/$(1)/list: FORCE
	@mkdir -p $$(@D)
	@echo '$$(LINK_$(1)) $$(UV_LIBS) $$(SRC_$(1))' | cmp -s - $$@ || \
	  echo '$$(LINK_$(1)) $$(UV_LIBS) $$(SRC_$(1))' > $$@

-include $$(wildcard $(BUILD)/obj/$(1)/*.d $(BUILD)/obj/$(1)/*/*.d)
endef
$(foreach v,plain test asan tsan,$(eval $(call variant,$(v))))

# For programs that have luaconc in them: the core, and the files in Lua.

ARCHIVE := $(BUILD)/libluaconc.a
PC      := $(BUILD)/luaconc.pc
VERSION := $(shell sed -n 's/^\#define LUACONC_VERSION "\(.*\)"/\1/p' src/luaconc.h)
LUA_MODULES := $(shell cd lua && find luaconc -name '*.lua' | sort)
BUILTIN := $(filter-out luaconc/meta.lua,$(LUA_MODULES))
OBJ_archive := $(OBJ_plain) $(BUILD)/obj/plain/host/preload.o \
               $(BUILD)/obj/plain/builtin.o

$(BUILD)/builtin.c: src/builtin.lua $(BUILTIN:%=lua/%) $(BUILD)/obj/builtin
	$(call say,LUA  $@)$(LUA) $< $(BUILTIN) >$@

$(BUILD)/obj/builtin: FORCE
	@mkdir -p $(@D)
	@echo '$(BUILTIN)' | cmp -s - $@ || echo '$(BUILTIN)' > $@

$(BUILD)/obj/plain/builtin.o: $(BUILD)/builtin.c $(BUILD)/obj/plain/flags
	$(call say,CC   $@)$(CC) $(FLAGS_plain) -c -o $@ $<

$(BUILD)/obj/plain/host/preload.o: src/host/preload.c $(BUILD)/obj/plain/flags
	@mkdir -p $(@D)
	$(call say,CC   $@)$(CC) $(FLAGS_plain) -c -o $@ $<

$(ARCHIVE): $(OBJ_archive) $(BUILD)/obj/plain/list
	$(call say,AR   $@)rm -f $@ && $(AR) rcs $@ $(OBJ_archive)

$(PC): src/luaconc.pc.in Makefile $(BUILD)/obj/paths
	@sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' \
	  -e 's|@LUA_CFLAGS@|$(LUA_CFLAGS)|' -e 's|@LIBS@|$(UV_LIBS) -lpthread -lm|' $< >$@

$(BUILD)/obj/paths: FORCE
	@mkdir -p $(@D)
	@echo '$(PREFIX) $(LUA_CFLAGS) $(UV_LIBS)' | cmp -s - $@ || \
	  echo '$(PREFIX) $(LUA_CFLAGS) $(UV_LIBS)' > $@

# The tree's modules and no others: what the environment says about Lua is
# put aside, and the paths are absolute, as specs change folders.
TREE  := $(CURDIR)
ABS    = $(abspath $(BUILD))
CLEAN := env -u LUA_INIT -u LUA_INIT_5_4 -u LUA_PATH_5_4 -u LUA_CPATH_5_4
RUN_plain = $(CLEAN) LUA_PATH='$(TREE)/lua/?.lua;$(TREE)/lua/?/init.lua;;' \
            LUA_CPATH='$(ABS)/?.so;;'
RUN_test  = $(CLEAN) LUA_CPATH='$(ABS)/test/?.so;;' LUA_PATH='$(SPEC_PATH)'
SPEC_PATH = $(TREE)/lua/?.lua;$(TREE)/lua/?/init.lua;$(TREE)/?.lua;;

build: $(SO_plain) $(ARCHIVE) $(PC) ## build the module and the archive (the default)

# All of them, and the hosts.
variants: $(SO_plain) $(SO_test) $(SO_asan) $(SO_tsan) $(HOST_asan) $(HOST_tsan)

compare: $(SO_plain) ## run one job on every engine and print the comparison
	@$(RUN_plain) $(LUA) bin/luaconc compare $(SCENARIOS)

test: $(SO_plain) $(SO_test) $(ARCHIVE) ## run the specs (SPEC=FILE: one; SHUFFLE=yes)
	@$(RUN_test) SHUFFLE='$(SHUFFLE)' LUACONC_LUA='$(LUA)' CC='$(CC)' \
	  HOST_FLAGS='$(LUA_CFLAGS) $(UV_CFLAGS) $(LUA_LIBS) $(UV_LIBS)' \
	  HOST_ARCHIVE='$(ARCHIVE)' \
	  $(LUA) spec/support/run.lua $(SPEC)

bench: $(SO_plain) ## run the benchmarks (BENCH='--quick switch': see bench/)
	@$(MAKE) -C bench BUILD='$(ABS)/bench'
	@$(RUN_plain) $(LUA) bench/run.lua $(BENCH)

load: $(SO_plain) ## run the load tests (LOAD='tcp ...': some; --small: a little)
	@$(RUN_plain) $(LUA) bench/run.lua --load $(LOAD)

$(HOST_asan) $(HOST_tsan): $(BUILD)/%/bin/lua5.4: spec/support/host.c \
  $(BUILD)/obj/%/flags
	@mkdir -p $(@D)
	$(call say,LINK $@)$(CC) $(filter-out -fPIC -MMD -MP,$(FLAGS_$*)) \
	  -rdynamic -o $@ $< $(LUA_LIBS)

# In programs with luaconc in them the sanitizers see our files, too.
OBJ_hosted := $(OBJ_asan) $(BUILD)/obj/plain/host/preload.o \
              $(BUILD)/obj/plain/builtin.o

sanitize: $(SO_plain) $(SO_asan) $(HOST_asan) $(OBJ_hosted) ## run the specs under ASan, UBSan and LSan
	@$(CLEAN) LUA_PATH='$(SPEC_PATH)' LUA_CPATH='$(ABS)/asan/?.so;;' \
	  BUILD='$(BUILD)' CC='$(CC)' SPEC='$(SPEC)' \
	  HOST_FLAGS='$(LUA_CFLAGS) $(UV_CFLAGS) $(LUA_LIBS) $(UV_LIBS)' \
	  HOST_ARCHIVE='$(OBJ_hosted)' \
	  sh spec/support/sanitize.sh

tsan: $(SO_plain) $(SO_tsan) $(HOST_tsan) ## run the specs of threads under ThreadSanitizer
	@$(CLEAN) LUA_PATH='$(SPEC_PATH)' LUA_CPATH='$(ABS)/tsan/?.so;;' \
	  BUILD='$(BUILD)' CC='$(CC)' SPEC='$(SPEC)' \
	  HOST_FLAGS='$(LUA_CFLAGS) $(UV_CFLAGS) $(LUA_LIBS) $(UV_LIBS)' \
	  sh spec/support/tsan.sh

SECONDS ?= 60

fuzz: ## feed bytes at random to the codec (SECONDS=60; needs clang)
	@BUILD='$(BUILD)' CLANG='$(CLANG)' sh spec/fuzz/run.sh $(SECONDS)

# ---- lint: gcc with its analyser, clang where it is, luacheck, the rest ----

GCC   ?= gcc
CLANG ?= clang
ANALYSE := -fanalyzer
LINT_GCC   := $(ALL_SRC:src/%.c=$(BUILD)/lint/gcc/%.o)
LINT_CLANG := $(if $(shell command -v $(CLANG)), \
  $(ALL_SRC:src/%.c=$(BUILD)/lint/clang/%.o))

$(BUILD)/lint/gcc/%.o: src/%.c spec/support/analyse.h Makefile
	@mkdir -p $(@D)
	$(call say,LINT $< (gcc))$(GCC) $(FLAGS_test) -O2 -Werror $(ANALYSE) \
	  -include spec/support/analyse.h \
	  -c -o $@ $<

# It finds the faults that are planted in testing.c, as it should.
$(BUILD)/lint/gcc/host/testing.o: ANALYSE :=

$(BUILD)/lint/clang/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(call say,LINT $< (clang))$(CLANG) $(FLAGS_test) -O2 -Werror -c -o $@ $<

-include $(wildcard $(BUILD)/lint/*/*.d $(BUILD)/lint/*/*/*.d)

LUA_FILES = $(wildcard lua spec bench examples docs/*.lua bin/luaconc)

lint: $(LINT_GCC) $(LINT_CLANG) ## gcc with its analyser, clang, luacheck ...
	@$(GCC) $(filter-out -MMD -MP,$(FLAGS_test)) -Werror -fsyntax-only \
	  spec/support/host.c
	@sh -n deps.sh
	@for f in spec/support/*.sh .ci/run; do sh -n $$f || exit 1; done
	@luacheck --quiet $(LUA_FILES)
	@if command -v luarocks-5.4 >/dev/null; then \
	  luarocks-5.4 lint rockspec/luaconc-scm-1.rockspec; \
	else echo 'luarocks-5.4 is missing: rockspec not checked'; fi
	@if grep -nE '.{81}|	| $$' src/*.[ch] src/*/*.[ch] spec/support/*.[ch]; then \
	  echo 'C lines above are over 80 columns, or hold a tab or a space' \
	    'at their end'; exit 1; fi

docs: ## make the reference and the annotations from docs/api.lua
	@$(LUA) docs/generate.lua

version: ## bring the version of src/luaconc.h to lua/
	@sed -i 's/^local VERSION = ".*"/local VERSION = "$(VERSION)"/' \
	  lua/luaconc/init.lua

rockspec: ## bring the lists in the rockspec up to date
	@$(LUA) spec/support/rockspec.lua

# ---- installing ----

SHARE := $(DESTDIR)$(PREFIX)/share/lua/5.4
LIB   := $(DESTDIR)$(PREFIX)/lib/lua/5.4
BIN   := $(DESTDIR)$(PREFIX)/bin
DEV   := $(DESTDIR)$(PREFIX)/lib
INC   := $(DESTDIR)$(PREFIX)/include
MAN   := $(DESTDIR)$(PREFIX)/share/man/man1
# The command starts the Lua that was found, by its path if it was given so.
SHEBANG = $(if $(filter /%,$(LUA)),,/usr/bin/env )$(LUA)

placed:
	@case '$(PREFIX)' in /*) ;; *) \
	  echo "PREFIX must be an absolute path, got '$(PREFIX)'" \
	    "(the shell's \$$HOME helps where ~ stays as it is)" >&2; exit 2 ;; esac

install: placed build ## install below PREFIX (DESTDIR is put in front)
	@mkdir -p "$(SHARE)" "$(LIB)" "$(BIN)" || { \
	  echo "as root, or with PREFIX=\$$HOME/.local" >&2; exit 1; }
	@for f in $(LUA_MODULES); do \
	  install -D -m 644 "lua/$$f" "$(SHARE)/$$f" || exit 1; done
	@install -D -m 755 $(SO_plain) "$(LIB)/luaconc/core.so"
	@install -D -m 755 bin/luaconc "$(BIN)/luaconc"
	@sed -i '1s|.*|#!$(SHEBANG)|' "$(BIN)/luaconc"
	@install -D -m 644 src/luaconc.h "$(INC)/luaconc.h"
	@install -D -m 644 $(ARCHIVE) "$(DEV)/libluaconc.a"
	@install -D -m 644 $(PC) "$(DEV)/pkgconfig/luaconc.pc"
	@$(RUN_plain) $(LUA) docs/manual.lua $(VERSION) >$(BUILD)/luaconc.1
	@install -D -m 644 $(BUILD)/luaconc.1 "$(MAN)/luaconc.1"
	@echo "installed: $(BIN)/luaconc, $(SHARE)/luaconc, $(LIB)/luaconc," \
	  "$(INC)/luaconc.h, $(DEV)/libluaconc.a"
	@[ -n '$(DESTDIR)' ] || \
	  $(LUA) -e 'assert(package.path:find("$(PREFIX)/share/lua/5.4/?.lua", 1, true))' \
	    2>/dev/null || printf '%s\n' \
	  "$(LUA) does not look there by itself; in the shell that starts it:" \
	  "  export LUA_PATH='$(PREFIX)/share/lua/5.4/?.lua;$(PREFIX)/share/lua/5.4/?/init.lua;;'" \
	  "  export LUA_CPATH='$(PREFIX)/lib/lua/5.4/?.so;;'" \
	  "  export PATH='$(PREFIX)/bin':\"\$$PATH\""

uninstall: placed ## remove what `make install` put there (same PREFIX)
	rm -rf "$(SHARE)/luaconc" "$(LIB)/luaconc" "$(BIN)/luaconc" \
	  "$(INC)/luaconc.h" "$(DEV)/libluaconc.a" "$(DEV)/pkgconfig/luaconc.pc" \
	  "$(MAN)/luaconc.1"
	@for d in "$(SHARE)" "$(LIB)"; do \
	  rmdir "$$d" "$${d%/5.4}" 2>/dev/null || true; done
	@rmdir "$(DEV)/pkgconfig" "$(MAN)" 2>/dev/null || true
	@case '$(DESTDIR)$(PREFIX)' in /usr | /usr/local) ;; *) \
	  rmdir "$(MAN:/man1=)" "$(BIN)" "$(INC)" "$(DEV)" "$(SHARE:/lua/5.4=)" \
	    "$(DESTDIR)$(PREFIX)" 2>/dev/null || true ;; esac

# What git knows, or where there is no git, all but what is made.
DIST := luaconc-$(VERSION)

dist: ## make the source archive, $(BUILD)/luaconc-VERSION.tar.gz
	@mkdir -p $(BUILD)
	@{ [ -e .git ] && git ls-files 2>/dev/null || find . -type f \
	  ! -path './.git/*' ! -path './$(BUILD)/*' ! -path './luaconc/*' \
	  ! -name '*.o' ! -name '*.rock'; } | \
	  tar -czf $(BUILD)/$(DIST).tar.gz --transform 's|^\(\./\)*|$(DIST)/|' -T -
	@echo "$(BUILD)/$(DIST).tar.gz"

help: ## list what there is to make
	@echo 'make [TARGET] [CC=cc] [CFLAGS=-O2] [LUA=lua5.4] [BUILD=build]'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1|\2/p' Makefile | \
	  awk -F'|' '{ printf "%-11s %s\n", $$1, $$2 }'

clean: ## remove what was made
	rm -rf $(BUILD)

.PHONY: build variants compare test sanitize tsan bench load lint fuzz docs version rockspec dist placed \
        install uninstall help clean FORCE
