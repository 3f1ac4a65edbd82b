#include "daemon/daemon.h"

int main(int argc, char **argv)
{
	return certinstalld(argc, argv);
}
