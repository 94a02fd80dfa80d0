package dev.kernelflight.jmc.tests.apps;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * Connects to a server that has a full queue of connections to accept: the kernel drops the request
 * and tries again after a second.
 */
public final class SlowConnect {
  private static final int QUEUE = 1;
  private static final int MORE_THAN_FIT = 6;
  private static final int ACCEPTS_AFTER_MILLIS = 300;

  private SlowConnect() {}

  /** No arguments. */
  public static void main(String[] args) throws Exception {
    List<AutoCloseable> open = new ArrayList<>();
    ServerSocket server = new ServerSocket(0, QUEUE, InetAddress.getLoopbackAddress());
    InetSocketAddress address =
        new InetSocketAddress(server.getInetAddress(), server.getLocalPort());
    for (int i = 0; i < MORE_THAN_FIT; i++) {
      SocketChannel waiting = SocketChannel.open();
      waiting.configureBlocking(false);
      waiting.connect(address);
      open.add(waiting);
    }
    Thread accepting =
        Thread.ofPlatform()
            .daemon()
            .start(() -> {
              try {
                Thread.sleep(ACCEPTS_AFTER_MILLIS);
                while (true) {
                  open.add(server.accept());
                }
              } catch (Exception e) {
                // the end
              }
            });
    connect(address);
    server.close();
    accepting.join();
    for (AutoCloseable each : open) {
      each.close();
    }
    System.out.println("done " + address.getPort());
  }

  private static void connect(InetSocketAddress address) throws Exception {
    try (Socket socket = new Socket()) {
      socket.connect(address);
    }
  }
}
