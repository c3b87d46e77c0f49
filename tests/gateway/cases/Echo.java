import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

/** Answers with the path as servlets get it: decoded, tidied, without path parameters. Echo.class is this, by javac --release 11. */
public class Echo extends HttpServlet {
    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        response.setContentType("text/plain; charset=utf-8");
        String more = request.getPathInfo();
        response.getOutputStream().write((request.getServletPath() + (more == null ? "" : more)).getBytes("UTF-8"));
    }
}
