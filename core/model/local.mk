libbase_la_SOURCES += \
  model/component.c model/component.h model/component-json.c model/plan.c model/plan.h \
  model/plan-arrange.c model/plan-compare.c model/plan-internal.h model/plan-words.c \
  model/version.c model/version.h model/version-hpe.c model/version-hpe.h model/version-span.h
libbase_la_SOURCES += model/rollout.c model/rollout-duration.c model/rollout.h model/rollout-rules.c model/states.c model/states.h model/window.c model/window.h
libbase_la_SOURCES += model/selector.c model/selector.h
libbase_la_SOURCES += model/addresses.c model/addresses.h
