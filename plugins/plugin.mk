# What all plugins of ours share: the SDK's headers and nothing else of Fettle,
# one exported symbol, nothing left undefined.
AM_CPPFLAGS = -I$(top_srcdir)/sdk/include
AM_CFLAGS = -std=c99 $(WARN_CFLAGS) $(HARDEN_CFLAGS) -fvisibility=hidden
PLUGIN_LDFLAGS = -module -avoid-version -no-undefined -Wl,-z,defs $(HARDEN_LDFLAGS)
